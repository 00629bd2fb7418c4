"""Grades out: a learning management system's own file is filled in, and a plain one is always written."""
