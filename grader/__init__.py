"""Grade untrusted notebooks: their code runs in a sandbox, the checks never enter it.

`wire` is the border, `worker` the far side of it, and everything else the trusted side.
Read `grader/README.md` first.
"""
