#!/bin/sh
# For greenboot: is this boot healed? Copy it to /etc/greenboot/check/wanted.d, where a red answer is told and changes
# nothing; or, where a boot that does not heal should be tried again and then rolled back, to check/required.d.
#
# greenboot waits for its scripts without a limit: BOOTHEAL_SECONDS is ours, 600 if it is not set.
PATH=$PATH:/opt/bootheal/current/bin
seconds=${BOOTHEAL_SECONDS:-600}

timeout "$((seconds + 10))" bootheal wait --timeout "$seconds"
code=$?
case $code in
    0) exit 0 ;;
    3)
        # Data is at risk. Another boot, or the system of before, cures no data, and kills the database once more.
        echo "bootheal: a person is needed; this boot is not called red for it" >&2
        exit 0
        ;;
    *) exit 1 ;;
esac
