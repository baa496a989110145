"""Every view as plain data, by the same nouns. Reads, never writes; codes and times, no words.

What an audience may see is decided here and nowhere else, so first paint, reconnect and live
push show the same thing.
"""
