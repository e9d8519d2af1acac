/*
 * The vectors of POWER, as the Power ISA names them.
 * Who calls: functions.c, vectors_x86_64.c. Power ISA 3.0B Book III, "Interrupt Definitions".
 */
#include "../../arch/ppc64/include/ppc64_registers.h"
#include "witness/vectors.h"

const struct vector_entry vectors_ppc64[] = {
	{VECTOR_SYSTEM_RESET, "system_reset", VECTOR_IS_FAULT},
	{VECTOR_MACHINE_CHECK, "machine_check", VECTOR_IS_FAULT},
	{VECTOR_DATA_STORAGE, "data_storage", VECTOR_IS_FAULT},
	{VECTOR_DATA_SEGMENT, "data_segment", VECTOR_IS_FAULT},
	{VECTOR_INSTRUCTION_STORAGE, "instruction_storage", VECTOR_IS_FAULT},
	{VECTOR_INSTRUCTION_SEGMENT, "instruction_segment", VECTOR_IS_FAULT},
	{VECTOR_EXTERNAL, "external", VECTOR_IS_OTHER_IRQ},
	{VECTOR_ALIGNMENT, "alignment", VECTOR_IS_FAULT},
	{VECTOR_PROGRAM, "program", VECTOR_IS_FAULT},
	{VECTOR_FLOATING_POINT_OFF, "floating_point_off", VECTOR_IS_FAULT},
	{VECTOR_DECREMENTER, "decrementer", VECTOR_IS_TIMER},
	{VECTOR_HYPERVISOR_DECREMENTER, "hypervisor_decrementer", VECTOR_IS_OTHER_IRQ},
	{VECTOR_DIRECTED_DOORBELL, "directed_doorbell", VECTOR_IS_OTHER_IRQ},
	{VECTOR_SYSTEM_CALL, "system_call", VECTOR_IS_SYSCALL},
	{VECTOR_TRACE, "trace", VECTOR_IS_FAULT},
	{VECTOR_HYPERVISOR_DATA_STORAGE, "hypervisor_data_storage", VECTOR_IS_FAULT},
	{VECTOR_HYPERVISOR_INSTRUCTION_STORAGE, "hypervisor_instruction_storage", VECTOR_IS_FAULT},
	{VECTOR_HYPERVISOR_EMULATION, "hypervisor_emulation", VECTOR_IS_FAULT},
	{VECTOR_HYPERVISOR_MAINTENANCE, "hypervisor_maintenance", VECTOR_IS_FAULT},
	{VECTOR_HYPERVISOR_DOORBELL, "hypervisor_doorbell", VECTOR_IS_IPI},
	{VECTOR_HYPERVISOR_VIRTUALIZATION, "hypervisor_virtualization", VECTOR_IS_DEVICE},
	{VECTOR_PERFORMANCE_MONITOR, "performance_monitor", VECTOR_IS_OTHER_IRQ},
	{VECTOR_VECTOR_OFF, "vector_off", VECTOR_IS_FAULT},
	{VECTOR_VSX_OFF, "vsx_off", VECTOR_IS_FAULT},
	{VECTOR_FACILITY_OFF, "facility_off", VECTOR_IS_FAULT},
	{VECTOR_HYPERVISOR_FACILITY_OFF, "hypervisor_facility_off", VECTOR_IS_FAULT},
};

const size_t vectors_ppc64_count = sizeof(vectors_ppc64) / sizeof(vectors_ppc64[0]);
