"""The tables of a providers file: for each key its type, its limits and its description."""
