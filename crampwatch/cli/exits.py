"""What the exit codes of the command line mean."""

#: Something asked for was not possible: a file was refused, something needs mending.
ERROR = 1
#: A setting or an argument has to be changed first.
MISCONFIGURED = 2
#: The other side is away; the same command may work later.
UNAVAILABLE = 3
