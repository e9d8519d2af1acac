-- title: Everybody who waits for a page goes on when it has come
-- points: 4
-- level: core
-- run: shelf
-- least: 20
-- hint: There is one request, and a queue of those who wait for it: release_waiters() takes all of them.

SELECT * FROM waits
UNION ALL
SELECT NULL, max(waiters) >= 2, 'no two threads ever wait for the same page' FROM fault_wait ORDER BY 1
