-- title: stress: nobody who can run waits for long
-- points: 4
-- level: stress
-- run: crowd
-- after: 02-slices
-- least: 60
-- hint: Twelve threads, two CPUs: at most six on each, and nobody for more than a slice. Who was longest in the queue?

SELECT id, dur <= 8000000 AS ok, printf('%s could run and waited %.3f ms', name, dur / 1e6) AS what FROM waits WHERE dur IS NOT NULL ORDER BY id
