-- ask: How many nanoseconds does CPU {broken} have boot_lock on x86-64, from when it really took the lock ("boot_lock taken", less its ago_ns) to "boot_lock released"?
-- points: 1
-- run: rollcall
-- machine: x86_64
-- hint: The first of the two is said later than it was: take its ago_ns away from its ts.
SELECT u.ts - (l.ts - l.ago_ns) FROM boot_phase l, boot_phase u WHERE l.cpu = {broken} AND u.cpu = {broken} AND l.phase = 'boot_lock taken' AND u.phase = 'boot_lock released'
