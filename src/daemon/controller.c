/* vendgate-controller: the controller's program. */
#include "control/controller.h"

int main(void)
{
	return vg_controller_run();
}
