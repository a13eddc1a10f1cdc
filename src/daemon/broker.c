/* vendgate-broker: the broker's program. */
#include "broker/broker.h"

int main(void)
{
	return vg_broker_run();
}
