"""What is on a picture, read back from its figure."""

from matplotlib.colors import to_hex


def texts(picture):
    return [text.get_text() for text in picture.figure.texts]


def color_of(picture, text):
    return next(to_hex(one.get_color()).upper() for one in picture.figure.texts if one.get_text() == text)
