"""Rules that citizens may dispute, as pure functions.

Here belongs what is allowed and what follows from given facts, a given time and a given seed.
Here belongs no reading or writing, no clock, no dice, no translated word.
May call: the standard library and this room.
"""
