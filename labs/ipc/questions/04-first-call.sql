-- ask: Which thread made the first call of the run boot on POWER, and to which endpoint? Answer with the number of the endpoint.
-- points: 1
-- run: boot
-- machine: ppc64
-- hint: the first ipc_send of a type that is not the kernel's.
SELECT endpoint FROM ipc_send WHERE typeof(type) = 'integer' ORDER BY id LIMIT 1
