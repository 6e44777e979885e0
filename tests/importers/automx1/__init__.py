"""The answers of automx 1.1.1 and of Waypost for the same settings files.

Each .conf file in settings/ has a .json file with the parsed answers of automx.
"""
