-- title: A copy over pages that are not there completes, as if they had been
-- points: 4
-- level: core
-- run: absent
-- least: 16
-- credit: share
-- hint: after a fault it goes on where it stopped: from both addresses.
SELECT id, value = 1 AS ok, 'a copy, ' || name AS what FROM mark_instant WHERE name IN ('new page', 'new pages', 'brought', 'shared') ORDER BY id
