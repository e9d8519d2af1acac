-- ask: How many times will the kernel refuse something in the run types, on x86-64?
-- kind: prediction
-- points: 1
-- run: types
-- machine: x86_64
-- hint: three in each of {rounds} rounds, and then?
SELECT count(*) FROM handle_refused
