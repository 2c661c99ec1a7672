package daemon

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
)

// User is as whom servers run.
type User struct {
	Name     string
	UID, GID int
	Groups   []int
}

// Choose returns as whom to run servers of a package that comes with a user of its
// own: the one named, or else, if the program is root's, lethe-db if there is such a
// user, or the package's; else the program's own. It is never root.
func Choose(named, packages string) (User, error) {
	self, err := user.Current()
	if err != nil {
		return User{}, err
	}
	if os.Geteuid() != 0 {
		if named != "" && named != self.Username {
			return User{}, fmt.Errorf("servers cannot run as %s: only root may choose another user than itself, which is %s", named, self.Username)
		}
		return describe(self)
	}
	names := []string{named}
	if named == "" {
		names = []string{"lethe-db", packages}
	}
	var unknown user.UnknownUserError
	for _, name := range names {
		u, err := user.Lookup(name)
		if errors.As(err, &unknown) {
			continue
		}
		if err != nil {
			return User{}, err
		}
		if u.Uid == "0" {
			return User{}, fmt.Errorf("servers do not run as %s, which is root", name)
		}
		return describe(u)
	}
	return User{}, fmt.Errorf("servers need a user to run as: there is no %s", names[len(names)-1])
}

func describe(u *user.User) (User, error) {
	d := User{Name: u.Username}
	var err error
	if d.UID, err = strconv.Atoi(u.Uid); err != nil {
		return User{}, err
	}
	if d.GID, err = strconv.Atoi(u.Gid); err != nil {
		return User{}, err
	}
	ids, err := u.GroupIds()
	if err != nil {
		return User{}, err
	}
	for _, id := range ids {
		g, err := strconv.Atoi(id)
		if err != nil {
			return User{}, err
		}
		d.Groups = append(d.Groups, g)
	}
	return d, nil
}

// Own gives a file or folder to u, if it is not the program's own user.
func (u User) Own(path string) error {
	if u.UID == os.Geteuid() {
		return nil
	}
	return os.Lchown(path, u.UID, u.GID)
}
