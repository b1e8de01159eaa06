def rows(results):
    return []


def sections(results):
    return ""
