"""The tempo of this suite, in seconds, as its configuration of the daemon (household.py, PAGES) has it."""

INTERVAL = 2
BEAT_EVERY = 2

# How long a page may take to be at every receiver: three probes and their timeouts, the ways there, a busy machine.
DETECT = 25
# Beat is silent for three periods first; two Beats are told apart by what comes twice.
DETECT_BEAT = 45

# Four good results, the time they must hold, Alertmanager's grouping, and a server that has to come back first.
RESOLVE = 75

# A fault lasts at least this long, so that what it does to others has time to show.
SHORTEST = 6 * INTERVAL
# When all is over, nothing more may come for so long: two rounds of every probe, and every receiver's own pause.
QUIET = 3 * INTERVAL
