"""Load on a real server through the public protocol alone; of ours it imports `townhall.crowd`.

`python -m loadtests` lists what there is. PostgreSQL, Node and full forums come from
`tests.servers`. Figures are printed and never asserted. Load goes to this machine only, bounded in
count and time.
"""
