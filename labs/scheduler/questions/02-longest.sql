-- ask: In the run `crowd`, twelve threads share two CPUs. How many microseconds, at most, will one wait that could run, on POWER?
-- kind: prediction
-- points: 1
-- run: crowd
-- machine: ppc64
SELECT max(dur) / 1000 FROM waits
