"""The library of the course: attention made visible, with every intermediate kept.

Importing the package imports nothing else; take what you need from its modules.
"""

__version__ = "0.1.0"
