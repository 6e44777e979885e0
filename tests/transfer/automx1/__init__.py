"""What automx 1.1.1 answers from settings files of our own, and what Waypost makes of them.

Each file in cases/ holds settings; the JSON beside it is what automx answered, parsed.
"""
