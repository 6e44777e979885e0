"""Fuzzing of everything that parses bytes of others: `make fuzz`.

`targets/` has one function for each parser, and `corpus/` has small inputs for each. `make fuzz`
runs atheris, which changes these inputs and keeps each change that reaches new code. `make test`
runs all inputs of the corpus, and some changes of them.
"""
