"""The only room that knows SQL: one file of queries per noun, one writer, one set of tables.

It may call `domain` and nothing else of ours; it knows no hub and no door.
"""
