package broker

import (
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
)

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// fromEnvironment puts the environment's values in the place of ${VARIABLES}. In the
// user and password of a URI a value stands for itself, whatever characters it has;
// anywhere else it is part of the URI as it is.
func fromEnvironment(uri string) (string, error) {
	var missing error
	credentials := strings.LastIndex(uri, "@")
	var expanded strings.Builder
	end := 0
	for _, at := range variable.FindAllStringSubmatchIndex(uri, -1) {
		name := uri[at[2]:at[3]]
		value, found := os.LookupEnv(name)
		if !found {
			missing = fmt.Errorf("needs ${%s}, which is not set in the environment", name)
		}
		if at[1] <= credentials {
			value = url.QueryEscape(value)
			value = strings.ReplaceAll(value, "+", "%20")
		}
		expanded.WriteString(uri[end:at[0]] + value)
		end = at[1]
	}
	return expanded.String() + uri[end:], missing
}
