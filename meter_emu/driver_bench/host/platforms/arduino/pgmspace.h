/* What lies in flash is read as any other memory. */
#include "Arduino.h"
