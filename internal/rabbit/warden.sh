# Lives as long as the test binary, which holds the other end of standard input. Reads
# "add GROUP" and "del GROUP" lines; when the input ends, however the binary ended, kills the
# process groups that are left and removes the directory $1.
groups=
while read -r verb group; do
	case $verb in
	add) groups="$groups $group" ;;
	del)
		rest=
		for g in $groups; do
			[ "$g" = "$group" ] || rest="$rest $g"
		done
		groups=$rest
		;;
	esac
done

for g in $groups; do
	kill -KILL "-$g" 2>/dev/null
done

# A dying broker may still create a file behind rm's back.
tries=0
until rm -rf -- "$1" 2>/dev/null || [ "$tries" -ge 100 ]; do
	tries=$((tries + 1))
done
