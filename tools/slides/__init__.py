"""Slides from the chapters: blocks are read, some are chosen, packed into slides and written as a deck."""
