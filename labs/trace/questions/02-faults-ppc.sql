-- ask: And how many on POWER?
-- kind: prediction
-- points: 1
-- run: kitchen
-- machine: ppc64
-- hint: POWER looks an address up twice: first its segment, then its page.
SELECT count(*) FROM washing
