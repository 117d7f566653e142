"""What the account's owner does in the console, behind the back of a client: at once, and without its requests."""

from . import droplets, keys_and_tags

ALLOWED = ("power_on", "power_off", "destroy", "set_address", "rename", "tag", "untag")


class Owner:
    """Changes droplets by their ids. Any thread."""

    def __init__(self, account):
        self._account = account

    @staticmethod
    def allowed(name):
        """The name, if it is one of the things that an owner does."""
        if name not in ALLOWED:
            raise ValueError(f"an owner cannot {name}")
        return name

    def _droplet(self, number):
        # What is due has happened before the owner comes.
        self._account.settle()
        return self._account.droplets[number]

    def _power(self, number, event, status):
        with self._account.lock:
            droplet = self._droplet(number)
            work = self._account.run_hook(self._account.hooks.power, number, number, event)
        work.result()
        with self._account.lock:
            droplet.status = status

    def power_on(self, number):
        self._power(number, "on", "active")

    def power_off(self, number):
        self._power(number, "off", "off")

    def destroy(self, number):
        with self._account.lock:
            action = droplets.destroy(self._account, self._droplet(number))
        action.work.result()
        with self._account.lock:
            action.due = self._account.clock.now()
            self._account.settle()

    def set_address(self, number, address):
        with self._account.lock:
            self._droplet(number).address = address

    def rename(self, number, name):
        with self._account.lock:
            self._droplet(number).name = name

    def tag(self, number, name):
        with self._account.lock:
            [name] = self._account.make_tags([name])
            keys_and_tags.put_tag(self._account, self._droplet(number), name)

    def untag(self, number, name):
        with self._account.lock:
            keys_and_tags.untag(self._account, self._droplet(number), name)
