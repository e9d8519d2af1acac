-- ask: How many calls will be dropped in the run patience, on POWER, because their callers have lost patience before anybody received them?
-- kind: prediction
-- points: 1
-- run: patience
-- machine: ppc64
-- hint: every second of {clients} clients is impatient.
SELECT count(*) FROM ipc_cancel
