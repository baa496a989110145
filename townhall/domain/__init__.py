"""Rules, pure: given facts, a time and a seed, what is allowed and what follows. Standard library only."""
