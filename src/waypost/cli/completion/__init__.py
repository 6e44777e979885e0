"""Shell completion: scripts with all commands and options, so that a shell starts no program."""
