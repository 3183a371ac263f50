"""The tempo of the tests, in seconds, as the daemon's configuration (stack/healthd.py, TEST) has it."""

INTERVAL = 2
TIMEOUT = 1
BEAT_EVERY = 2

# How long an alert may take to be at Alertmanager. The last five seconds are for a busy machine.
DETECT = 3 * INTERVAL + TIMEOUT + 5
DETECT_BEAT = 3 * BEAT_EVERY + INTERVAL + TIMEOUT + 5

# Four good results, the time they must hold, Alertmanager's grouping, and a server that has to come back first.
RESOLVE = 60
