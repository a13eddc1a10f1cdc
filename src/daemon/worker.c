#include "proxy/worker.h"

int main(void)
{
	return vg_worker_run();
}
