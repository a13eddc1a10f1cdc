/* vendgate-recorder: the program of the recorder role. */
#include "record/recorder.h"

int main(void)
{
	return vg_recorder_run();
}
