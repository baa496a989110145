"""Load tests: what the product carries, printed as tables and never asserted as wall time.

They start servers of their own as anybody would, and speak the public protocol only; of ours they
may import `townhall.crowd` and nothing else.
"""
