"""What is wrong with a value, in the words of the screen.

Owns: a text for each code of `models.values.errors`. Must not: find problems.
"""

from typing import Any, Final

from flask_babel import lazy_gettext as _l

from models.values.errors import InvalidValue

TEXTS: Final[dict[str, Any]] = {
    "required": _l("Hace falta este dato."),
    "too_long": _l("A lo sumo %(maximum)s caracteres; tiene %(length)s."),
    "control_characters": _l("Tiene caracteres de control, que no se permiten."),
    "not_a_choice": _l("«%(value)s» no es una de las opciones: %(choices)s."),
    "not_unique": _l("«%(value)s» ya está en uso."),
    "margins_too_wide": _l("Entre esos márgenes caben menos de %(minimum)s letras por línea."),
    "not_before": _l("La condición debe ser sobre un campo de más arriba."),
    "not_found": _l("No existe: «%(value)s»."),
    "not_a_moment": _l("Escribe el día y la hora."),
    "in_the_past": _l("Ese momento ya pasó."),
    "too_far": _l("A lo sumo dentro de %(days)s días."),
    "no_number": _l("El número está oculto: no hay a quién devolver la llamada."),
    "changed_meanwhile": _l(
        "Otra persona puso aquí «%(value)s» mientras tanto. Revisa: si salvas de nuevo, queda lo que ves."
    ),
    "emptied_meanwhile": _l("Otra persona vació esto mientras tanto. Revisa: si salvas de nuevo, queda lo que ves."),
    "in_use": _l("Se usa %(uses)s veces y no se puede eliminar; se puede desactivar."),
    "unknown_field": _l("Aquí no hay ningún campo «%(name)s»."),
    "wrong_type": _l("«%(value)s» no es de la clase que hace falta."),
    "too_many": _l("A lo sumo %(maximum)s."),
    "at_least": _l("Al menos %(minimum)s; es %(value)s."),
    "at_most": _l("A lo sumo %(maximum)s; es %(value)s."),
    "not_an_instant": _l("«%(value)s» no es un instante con su zona horaria, como 2026-01-31T08:30:00-06:00."),
    "cursor_invalid": _l("No es un cursor que esta lista haya dado, o el orden es otro."),
    "url_https": _l("Solo direcciones https://; http:// solo hacia las redes que permite la configuración."),
    "url_private": _l(
        "«%(host)s» es una dirección de esta máquina o de una red privada, que la configuración no permite."
    ),
    "not_a_number": _l("«%(value)s» no es un número."),
    "out_of_range": _l("Debe estar entre %(minimum)s y %(maximum)s; es %(value)s."),
    "not_a_date": _l("«%(value)s» no es una fecha (año-mes-día)."),
    "announce_too_often": _l("Al menos %(minimum)s segundos, o 0 para ninguno; son %(value)s."),
    "key_taken": _l("La tecla %(value)s ya lleva a otra parte."),
    "overflow_to_itself": _l("Un call center no puede pasarse las llamadas a sí mismo."),
    "hours_invalid": _l("«%(value)s» no son horas como 08:00-12:00, 13:00-17:30."),
    "hours_overlap": _l("Las horas se traslapan: %(value)s."),
    "not_a_time": _l("«%(value)s» no es una hora (horas:minutos)."),
    "phone_invalid": _l("«%(value)s» no es un número de teléfono."),
    "endpoint_invalid": _l("«%(value)s» no es un endpoint: de 2 a 16 dígitos."),
    "pattern_too_wide": _l("«%(value)s» tomaría casi cualquier número: hacen falta al menos %(minimum)s cifras."),
    "pattern_empty": _l("Hace falta un número."),
    "pattern_too_long": _l("A lo sumo %(maximum)s dígitos; «%(value)s» tiene más."),
    "pattern_character": _l(
        "«%(character)s» no se permite en «%(value)s»: dígitos, X por un dígito cualquiera y un * final."
    ),
    "pattern_star_not_last": _l("El * de «%(value)s» debe ser el último carácter."),
    "pattern_plus_not_first": _l("El + de «%(value)s» debe ser el primer carácter."),
    "pattern_taken": _l("«%(value)s» ya lo atiende «%(other)s»."),
    "pattern_repeated": _l("«%(value)s» y «%(other)s» son el mismo número."),
    "ip_address_invalid": _l("«%(value)s» no es una dirección IP."),
    "ip_mask_invalid": _l("«%(value)s» no es una máscara."),
    "ip_mask_holes": _l(
        "La máscara «%(value)s» tiene huecos: sus unos van todos antes que sus ceros, como en 255.255.255.0."
    ),
    "ip_mask_family": _l("La máscara «%(value)s» no corresponde a la dirección %(address)s."),
    "money_invalid": _l("«%(value)s» no es un monto."),
    "money_negative": _l("Un monto no puede ser negativo."),
    "money_too_large": _l("A lo sumo %(maximum)s."),
    "money_decimals": _l("A lo sumo %(maximum)s decimales."),
    "currency_unknown": _l("«%(value)s» no es un código de moneda ISO 4217, como CRC."),
    "color_invalid": _l("«%(value)s» no es un color como #1f6feb."),
    "url_invalid": _l("«%(value)s» no es una dirección web."),
    "url_scheme": _l("Solo direcciones http:// y https://, no «%(scheme)s»."),
    "url_credentials": _l("La dirección no debe llevar usuario ni contraseña."),
    "url_host": _l("La dirección necesita un servidor fijo."),
    "url_character": _l("La dirección tiene un carácter que no se permite: «%(character)s»."),
    "url_placeholder_unknown": _l("{%(name)s} no se conoce. Se conocen: %(known)s."),
    "template_variable": _l("{%(name)s} no se conoce. Se conocen: %(known)s."),
    "too_many_parts": _l("A lo sumo %(maximum)s mensajes en uno; ocupa %(count)s."),
    "url_braces": _l("En «%(value)s» hay una llave sin abrir o sin cerrar."),
    "email_invalid": _l("«%(value)s» no es un correo electrónico."),
    "host_invalid": _l("«%(value)s» no es un nombre de servidor ni una dirección IP."),
    "queue_invalid": _l("«%(value)s» no sirve como nombre de una cola de CUPS."),
    "filename_invalid": _l("«%(value)s» no sirve como nombre de archivo."),
    "pin_invalid": _l("Un PIN tiene de %(minimum)s a %(maximum)s dígitos, no todos iguales ni seguidos como 1234."),
    "file_empty": _l("El archivo está vacío."),
    "file_no_rows": _l("El archivo tiene títulos, pero ninguna fila debajo."),
    "file_kind": _l("El archivo no es una hoja de cálculo ni texto."),
    "file_broken": _l("El archivo está dañado: no se puede leer."),
    "file_password": _l("El archivo tiene contraseña: guárdalo sin ella."),
    "file_too_large": _l("El archivo ocupa más memoria de la que una carga puede usar (%(size)s MB)."),
    "file_changed": _l("El archivo no tiene las mismas filas que cuando se revisó."),
    "load_failed": _l("La carga falló y se deshizo entera."),
    "too_many_columns": _l("A lo sumo %(maximum)s columnas; hay algo en la columna %(columns)s."),
    "undecodable": _l("La línea %(line)s tiene bytes que no son letras en %(encoding)s."),
    "quote_unclosed": _l("Cerca de la línea %(line)s empieza una comilla que no se cierra, o que tiene algo detrás."),
    "encoding_mixed": _l("Partes del archivo parecen de otra codificación: mira los acentos en las primeras filas."),
    "formulas_as_text": _l("Hay fórmulas: se toma lo que mostraban, no se calculan."),
    "more_sheets": _l("Solo se lee la hoja «%(name)s»; hay %(count)s más."),
    "merged_cells": _l("Celdas combinadas (%(ranges)s): su valor vale solo para la primera."),
    "cell_error": _l("La celda muestra el error %(value)s."),
    "digits_lost": _l(
        "«%(value)s» perdió cifras en la hoja de cálculo: da a la columna formato de texto y escríbelo de nuevo."
    ),
    "line_breaks": _l("Los saltos de línea o tabuladores de dentro se leyeron como espacios."),
    "letters_lost": _l("«%(value)s» tiene letras que se perdieron antes."),
    "read_as": _l("«%(value)s» se leyó como %(read)s."),
    "name_or_phone": _l("Hace falta el nombre o el teléfono."),
    "last_administrator": _l("Es el último administrador activo: debe quedar al menos uno."),
    "region_unknown": _l("«%(value)s» no es un código de país como CR."),
    "region_conflict": _l("En ese país dos números de los call centers serían el mismo: %(reason)s"),
    "timezone_unknown": _l("«%(value)s» no es una zona horaria como America/Costa_Rica."),
    "language_unknown": _l("«%(value)s» no es un idioma de las pantallas: %(choices)s."),
    "additional_name": _l("«%(value)s» no sirve como nombre: solo letras, dígitos, espacios y . - _"),
    "options_invalid": _l("Las opciones no son válidas: %(reason)s."),
}


def problem_text(problem: InvalidValue) -> str:
    """The problem in the language of the request; in English when the code is a new one."""
    text = TEXTS.get(problem.code)
    return problem.message if text is None else str(text) % problem.params
