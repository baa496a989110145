"""What a forum leaves on paper and in files; one file a kind of paper.

Belongs here: turning plain data into PDF and sheets. Does not belong here: reading rows
(`screens`) and words of a language (the caller says them). May import domain, screens, resources.
"""
