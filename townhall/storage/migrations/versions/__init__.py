"""The versions, oldest first; a released version is never edited."""
