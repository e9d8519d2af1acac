-- ask: Which number does the POWER machine have for CPU {broken} (hw_id of its cpu_online, in the run rollcall)?
-- points: 1
-- run: rollcall
-- machine: ppc64
-- hint: build/vitrine events RUN --event cpu_online
SELECT printf('0x%x', hw_id) FROM cpu_online WHERE cpu = {broken}
