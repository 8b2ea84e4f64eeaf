"""The paper as data: its format, its analyses, its claims, and a verdict on each.

The package is not called `reproduce`, because importing it would then hide the function of that name.
"""
