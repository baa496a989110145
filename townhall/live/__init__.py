"""Telling processes and people that something moved. No SQL, no rules: only "forum 7: tally"."""
