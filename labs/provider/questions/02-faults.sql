-- ask: And how many faults will all threads named `reader` of that run take on POWER?
-- kind: prediction
-- points: 1
-- run: shelf
-- machine: ppc64
SELECT count(*) FROM fault f JOIN thread t USING (thread) WHERE t.name = 'reader'
