"""Makes templates at random, the same ones each time: such as people write for inspect and ls, and such as go wrong."""

import random

DOCUMENT_PATHS = {
    "machine": [
        ".Name", ".DriverName", ".ConfigVersion", ".Driver.IPAddress", ".Driver.SSHPort", ".Driver.DropletID", ".Driver.Memory",
        ".Driver.Negative", ".Driver.Ratio", ".Driver.Tiny", ".Driver.Huge", ".Driver.Beyond", ".Driver.Small", ".Driver.Third",
        ".Driver.SwarmMaster", ".Driver.IPv6", ".Driver.Tags", ".Driver.Rules", ".Driver.Mixed", ".Driver.SSHKeyPath", ".Driver",
        ".HostOptions.EngineOptions", ".HostOptions.EngineOptions.Labels", ".HostOptions.EngineOptions.InstallURL",
        ".HostOptions.EngineOptions.Dns", ".HostOptions.SwarmOptions", ".HostOptions.SwarmOptions.Master", ".HostOptions.Nope.X",
        ".HostOptions.AuthOptions", ".Unicode", ".Control", ".Matrix", ".Empty", ".Nope", ".Name.X", ".Driver.Tags.X", "."],
    "small": [
        ".Name", ".DriverName", ".Driver.IPAddress", ".Driver.SSHPort", ".Driver.Tags", ".Driver.Ratio", ".Driver.On", ".Driver.Off",
        ".Driver.Map", ".Driver.Map.k1", ".Driver.Empty", ".Driver.None", ".Driver.None.X", ".Driver.EmptyList", ".Driver.EmptyMap",
        ".HostOptions.EngineOptions.Labels", ".HostOptions.EngineOptions.TlsVerify", ".Number", ".List", ".Nope", ".Nope.Nope", "."],
}
ROW_PATHS = [
    ".Name", ".Active", ".ActiveHost", ".ActiveSwarm", ".DriverName", ".State", ".State.String", ".URL", ".SwarmOptions.Master",
    ".SwarmOptions.Heartbeat", ".SwarmOptions.Overcommit", ".SwarmOptions.ArbitraryFlags", ".SwarmOptions", ".Swarm", ".EngineOptions",
    ".EngineOptions.Labels", ".EngineOptions.StorageDriver", ".EngineOptions.TlsVerify", ".EngineOptions.Env", ".EngineOptions.Nope",
    ".Error", ".DockerVersion", ".ResponseTime", ".ResponseTime.Seconds", ".ResponseTime.Milliseconds", ".ResponseTime.Hours", ".Nope",
    ".Name.X", ".EngineOptions.Labels.X", ".State.Nope", ".ResponseTime.Nope"]
TITLE_PATHS = [".Name", ".State", ".URL", ".Error", ".Nope", ".State.String", ".EngineOptions.Labels", ".ResponseTime.Seconds", "."]
PATHS = {**DOCUMENT_PATHS, "running": ROW_PATHS, "stopped": ROW_PATHS, "broken": ROW_PATHS, "titles": TITLE_PATHS}

CONSTANTS = ["0", "1", "2", "3", "-1", "+5", "22", "1000000", "0x1F", "0b101", "0o17", "017", "1_000", "1.5", "-0.25", "1e3", "1e-7", "1e21", ".5",
             "2.", "0x1p4", "'a'", "'é'", "'\\n'", "'\\x41'", "true", "false", '"a"', '"x=1"', '""', '"héllo"', '"a\\tb\\"c\\u00e9\\x01"',
             "`raw \"q\"`", '"Name"', '"k1"', '"tcp"', "nil", "1i", "2+3i", "9223372036854775807", "9223372036854775808", "\"<a href='x'>&\""]
NUMBERS = ["0", "1", "2", "3", "-1", "5", "1.0", '"0"', "'\\x01'"]
TEXTS = ["", " ", "x", "a b", "\n", " - ", "\t|\t", "é", "tcp://", "}} ", "{ {", '"q"']
VERBS = "vvvvvsssdddqxXtTfgGeEbcoOU%zwé!"


class Generator:
    """Templates for one piece of data."""

    def __init__(self, seed, data):
        self.random = random.Random(f"{seed} {data}")
        self.data = data
        self.variables = ["$"]
        self.defined = []

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def choice(self, items):
        return self.random.choice(items)

    def template(self):
        """One template; of every five one is damaged."""
        self.variables = ["$"]
        self.defined = []
        text = self.statements(2, in_range=False, at_top=True)
        return self.damaged(text) if self.chance(12) else text

    def damaged(self, text):
        for _ in range(self.random.randint(1, 2)):
            where = self.random.randrange(len(text) + 1)
            kind = self.random.randrange(4)
            if kind == 0:
                text = text[:where] + text[where + self.random.randint(1, 3):]
            elif kind == 1:
                text = text[:where] + self.choice([" ", "}", "{{", "}}", "|", "(", ")", ".", "$", ",", "=", ":=", '"', "'", "`", "#", "é", "0",
                                                   "-", "/*", "*/", "\n", "end", "else", "nil", "\\", "!", "\u00a0", "{{end}}", "{{else}}"]) + text[where:]
            elif kind == 2:
                text = text[:where]
            else:
                text = text + self.choice(["{{", "{{end}}", "{{else}}", "}}", "{{.", "{{/*", '{{"', "{{break}}", "{{(", "{{$x}}", "{{1 2}}", "{{nope}}"])
        return text

    def statements(self, depth, in_range, at_top=False):
        return "".join(self.statement(depth, in_range, at_top) for _ in range(self.choice([1, 1, 2, 3])))

    def delimited(self, content):
        return ("{{- " if self.chance(8) else self.choice(["{{", "{{", "{{ "])) + content + \
            (" -}}" if self.chance(8) else self.choice(["}}", "}}", " }}"]))

    def statement(self, depth, in_range, at_top):
        kind = self.random.randrange(100)
        if kind < 14:
            return self.choice(TEXTS)
        if kind < 60 or depth == 0:
            return self.delimited(self.pipeline(depth))
        if kind < 64:
            return self.choice(["{{/* a comment */}}", "{{- /* c */ -}}", "{{/* two\nlines */}}"])
        if kind < 69:
            return self.variable_statement(depth)
        if kind < 80:
            return self.control("if", depth, in_range)
        if kind < 86:
            return self.control("with", depth, in_range)
        if kind < 94:
            return self.control("range", depth, in_range)
        if kind < 96 and in_range:
            return "{{if " + self.pipeline(0) + "}}{{" + self.choice(["break", "continue"]) + "}}{{end}}"
        return self.named(depth, at_top)

    def variable_statement(self, depth):
        if len(self.variables) > 1 and self.chance(40):
            return self.delimited(self.choice(self.variables[1:]) + " = " + self.pipeline(depth))
        name = "$" + self.choice(["x", "y", "name", "é1"])
        text = self.delimited(name + " := " + self.pipeline(depth))
        self.variables.append(name)
        return text

    def control(self, word, depth, in_range):
        known = len(self.variables)
        start = ""
        names = []
        if word == "range" and self.chance(50):
            names = ["$i", "$e"] if self.chance(60) else ["$e"]
            start = ", ".join(names) + " := "
        elif word != "range" and self.chance(15):
            names = ["$v"]
            start = "$v := "
        subject = self.choice([self.collection(), self.pipeline(depth - 1)]) if word == "range" else self.pipeline(depth - 1)
        text = self.delimited(f"{word} {start}{subject}")
        self.variables += names
        inside = in_range or word == "range"
        text += self.statements(depth - 1, inside)
        if word == "if" and self.chance(20):
            text += self.delimited("else if " + self.pipeline(0)) + self.statements(depth - 1, inside)
        if self.chance(40):
            text += self.delimited("else") + self.statements(depth - 1, inside)
        del self.variables[known:]
        return text + self.delimited("end")

    def named(self, depth, at_top):
        name = self.choice(['"T1"', '"T2"', "`T3`"])
        known, self.variables = self.variables, ["$"]
        body = self.statements(depth - 1, False)
        self.variables = known
        argument = self.choice(["", " .", " " + self.pipeline(0)])
        kind = self.random.randrange(4)
        if kind == 0 and at_top:
            return f"{{{{define {name}}}}}{body}{{{{end}}}}{{{{template {name}{argument}}}}}"
        if kind == 1:
            return f"{{{{block {name} {self.pipeline(0)}}}}}{body}{{{{end}}}}"
        if kind == 2:
            return f"{{{{template {name}{argument}}}}}{{{{define {name}}}}}{body}{{{{end}}}}"
        return f"{{{{template {name}{argument}}}}}"

    def collection(self):
        paths = [path for path in PATHS[self.data] if path.split(".")[-1] in
                 ("Tags", "Rules", "Mixed", "Labels", "Matrix", "Map", "EmptyList", "EmptyMap", "List", "Env", "Driver", "ArbitraryFlags")]
        return self.choice(paths or [".Name"])

    def pipeline(self, depth):
        text = self.command(depth)
        while self.chance(15):
            text += self.choice([" | ", "|"]) + self.choice(
                ["print", "printf " + self.format(1), "html", "js", "urlquery", "len", "json", "prettyjson", "println", "not", "index .Name",
                 "eq 1", "printf", "and true", "or 0", "print", "println", "html", "not", self.choice([".Name", "$", self.choice(self.variables), '"x"']), "slice", "prettyjson | len",
                 "json | printf " + self.format(1)])
        return text

    def command(self, depth):
        if depth <= 0 or self.chance(35):
            return self.operand(0)
        return self.call(depth)

    def path(self):
        """Mostly one that is there."""
        path = self.choice(PATHS[self.data])
        is_bad = "Nope" in path or path.endswith(".X") or (self.data == "broken" and "Options." in path)
        return self.path() if is_bad and self.chance(75) else path

    def comparable(self):
        """Two operands of one kind."""
        group = self.choice([["1", "2", "22", "'a'", "(len .Name)", "0x1F"], ["1.5", "0.25", "1e3"], ['"a"', '"m1"', ".Name", "(print .Name)", "`b`", ".Name"]])
        return [self.choice(group), self.choice(group)]

    def operand(self, depth):
        kind = self.random.randrange(100)
        if kind < 50:
            return self.path()
        if kind < 58:
            return self.choice(self.variables) + self.choice(["", "", self.choice(PATHS[self.data][:-1]), ".X"])
        if kind < 80 or depth <= 0:
            return self.choice(CONSTANTS)
        text = "(" + self.pipeline(depth - 1) + ")"
        return text + self.choice(["", "", "", ".Name", ".k", ".port", ".X.Y"])

    def call(self, depth):
        name = self.choice(["and", "or", "not", "len", "index", "index", "slice", "slice", "print", "println", "printf", "printf", "printf", "html", "js",
                            "urlquery", "eq", "eq", "ne", "lt", "le", "gt", "ge", "json", "json", "prettyjson", "call" if self.chance(30) else "print"])
        if self.data not in DOCUMENT_PATHS and "json" in name and self.chance(90):
            name = "printf"
        if self.chance(1):
            name = "nope"
        some = lambda low, high: [self.operand(depth - 1) for _ in range(self.random.randint(low, high))]
        if name in ("not", "len", "json", "prettyjson"):
            arguments = some(1, 1) if not self.chance(5) else some(0, 2)
        elif name == "index":
            arguments = [self.choice([self.collection(), self.operand(depth - 1)])] + \
                [self.choice([self.choice(NUMBERS), self.operand(0)]) for _ in range(self.random.randint(0, 2))]
        elif name == "slice":
            arguments = [self.choice([self.collection(), ".Name", self.operand(depth - 1)])] + \
                [self.choice(NUMBERS + ["0", "1", "1"]) for _ in range(self.random.randint(0, 3))]
        elif name == "printf":
            count = self.random.randint(0, 3)
            arguments = [self.format(count)] + [self.operand(depth - 1) for _ in range(count)]
            if self.chance(4):
                arguments = some(0, 2)
        elif name in ("eq", "ne", "lt", "le", "gt", "ge"):
            arguments = some(2, 2) if not self.chance(20) else some(0, 3)
            if self.chance(60):
                arguments = self.comparable()
            if self.chance(8) and arguments:
                arguments.append(arguments[0])
        else:
            arguments = some(0, 3) if self.chance(20) else some(1, 3)
        return " ".join([name] + arguments)

    def format(self, count):
        text = self.choice(["", "", "<", "é "])
        for _ in range(count if not self.chance(15) else self.random.randint(0, 3)):
            text += "%" + "".join(self.choice("#0+- ") for _ in range(self.random.randrange(3)) if self.chance(40))
            if self.chance(10):
                text += self.choice(["[1]", "[2]", "[3]", "[0]", "[x]", "[", "[]", "[9]", "[-1]", "[1]*", "[2]*"])
            text += self.choice(["", "", "", "", "5", "12", "2", "30", "*"])
            text += self.choice(["", "", "", "", ".2", ".0", ".", ".10", ".*", ".[1]*"])
            if self.chance(6):
                text += self.choice(["[1]", "[2]", "[", "[1"])
            text += self.choice(VERBS) if not self.chance(3) else ""
            text += self.choice(["", "", "|", " ", ", "])
        return '"' + text + '"' if self.chance(95) else "`" + text + "`"


def generated(seed, count, data):
    """`count` (data, template) pairs for a piece of data."""
    generator = Generator(seed, data)
    return [(data, generator.template()) for _ in range(count)]
