-- ask: The dishwasher touches {plates} pages for the first time. How many faults will that take on x86-64?
-- kind: prediction
-- points: 1
-- run: kitchen
-- machine: x86_64
-- hint: A page that nobody has touched has no translation.
SELECT count(*) FROM washing
