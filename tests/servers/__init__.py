"""The real servers and tools that tests talk to; fixtures for them are in tests/conftest.py."""
