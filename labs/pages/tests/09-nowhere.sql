-- title: What is no address is called by its name
-- points: 2
-- level: core
-- run: paths
-- least: 16
-- hint: Bits 63 to 47 of an address are all alike; a user's are all zero. The processor does not say which address it was, the
--   registers do.

-- Jumps to what is no address, and stacks there. The fault carries the address, and a jump is an execution.
SELECT t.id, f.address IS t.value AND (t.name = 'stack' OR f.access = 'execute') AS ok,
	printf('a %s at 0x%x is reported as: %s of 0x%x', t.name, t.value, f.access, f.address) AS what
FROM try t LEFT JOIN fault_begin f ON f.id BETWEEN t.id AND t.end WHERE t.name IN ('jump', 'stack') ORDER BY t.id
