-- title: An address that is no user's is refused, and never touched
-- points: 2
-- level: warm-up
-- run: whole
-- least: 24
-- hint: start + bytes may be smaller than start.
SELECT id, value = 6 AS ok, 'the program is told ' || value AS what FROM mark_instant WHERE name = 'out of reach'
UNION ALL
SELECT id, address >= 0 AND address < 0x400000000000, 'the kernel touches ' || printf('0x%x', address) || ' for a program' FROM uaccess_fault
ORDER BY 1
