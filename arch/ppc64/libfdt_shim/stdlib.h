/* libfdt includes <stdlib.h> and uses nothing of it here. */
#pragma once
