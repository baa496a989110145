"""Every change, by the same nouns: authorise, decide, write, commit, announce.

An action takes the hall, the actor and plain values; it asks `domain` what is allowed, `storage`
to write, and `Hall.change` to commit and announce. It knows no door.
"""
