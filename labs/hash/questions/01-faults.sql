-- ask: collide uses {pages} pages that share sixteen places, by 6 * ({pages} - 1) loads in its part `hot` alone. How many page
--   faults will the run take in that part?
-- kind: prediction
-- points: 1
-- run: collide
-- machine: ppc64
SELECT count(*) FROM fault_begin f, mark_instant h, mark_instant o
WHERE h.name = 'hot' AND o.name = 'hot over' AND f.id BETWEEN h.id AND o.id AND f.kind = 'no translation'
