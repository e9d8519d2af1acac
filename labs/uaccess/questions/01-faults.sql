-- ask: How many faults will the kernel itself take in the run edge, on x86-64?
-- kind: prediction
-- points: 1
-- run: edge
-- machine: x86_64
-- hint: two calls for each of 5 lengths beyond the border, {edges} different numbers of bytes before it, and one more call at the end.
SELECT count(*) FROM uaccess_fault
