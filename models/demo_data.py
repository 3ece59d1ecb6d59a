"""The demonstration account's words: plausible people, firms and texts of Costa Rica, all invented.

Owns: constants. Must not: touch a database (`models.demo`).
"""

from dataclasses import dataclass
from typing import Final

from models.tables.contacts import DispositionAction, FieldKind
from models.tables.forms import FormFieldKind
from models.tables.paper import Letter, PrinterKind
from models.values.call import CostUnit, PhoneKind, Role, Strategy

DOMAIN: Final = "centralita.example"


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    email: str
    endpoint: str | None
    role: Role = Role.AGENT
    phone_kind: PhoneKind = PhoneKind.VIRTUAL
    click2dial: bool = True


ADMINISTRATOR: Final = f"admin@{DOMAIN}"
SUPERVISOR: Final = f"supervisor@{DOMAIN}"
AGENT: Final = f"agente@{DOMAIN}"

PEOPLE: Final = (
    Person("Adriana Jiménez Solís", ADMINISTRATOR, None, Role.ADMINISTRATOR),
    Person("Marco Quesada Núñez", SUPERVISOR, "8330100", Role.SUPERVISOR),
    Person("Lucía Vargas Peña", AGENT, "8330101"),
    Person("José Ángel Brenes", f"jose@{DOMAIN}", "8330102"),
    Person("María Fernández Cañas", f"maria@{DOMAIN}", "8330103"),
    Person("Andrés Güell Mora", f"andres@{DOMAIN}", "8330104", phone_kind=PhoneKind.SIP),
    Person("Sofía Chacón Ureña", f"sofia@{DOMAIN}", "8330105", phone_kind=PhoneKind.SIP),
    Person("Iván Muñoz Araya", f"ivan@{DOMAIN}", "8330106", phone_kind=PhoneKind.SIP, click2dial=False),
)

GROUPS: Final = {
    "Primera línea": ("8330101", "8330102", "8330103"),
    "Especialistas": ("8330104", "8330105"),
    "Ventas": ("8330103", "8330105", "8330106"),
}

PAUSES: Final = ("Almuerzo", "Baño", "Reunión", "Capacitación", "Café")


@dataclass(frozen=True, slots=True)
class Center:
    name: str
    color: str
    numbers: tuple[str, ...]
    price: str
    unit: CostUnit
    strategy: Strategy
    groups: tuple[str, ...]
    agents: tuple[str, ...] = ()
    pop_up_url: str | None = None
    form: str | None = None
    print_result: bool = False
    wrap_up_seconds: int = 0


CENTERS: Final = (
    Center("Soporte Técnico Teslín", "#1f6feb", ("40004000",), "35", CostUnit.MINUTE, Strategy.ROUND_ROBIN_MEMORY,
           ("Primera línea", "Especialistas"), pop_up_url="https://intranet.example/clientes?tel={caller}&llamada={call_id}",
           form="Reporte de avería", wrap_up_seconds=15),
    Center("Ventas Café del Monte", "#1a7f37", ("40004100", "40004101"), "0", CostUnit.MINUTE, Strategy.ALL,
           ("Ventas", "Primera línea"), form="Pedido", print_result=True),
    Center("Clínica Dental Sonrisa", "#8250df", ("40004200",), "1.5", CostUnit.SECOND, Strategy.LONGEST_IDLE,
           ("Primera línea",), agents=("8330105",), form="Cita"),
    Center("Línea General", "#d1500f", ("8*", "4000430X"), "2000", CostUnit.HOUR, Strategy.ALL,
           ("Primera línea", "Especialistas", "Ventas")),
)  # fmt: skip

COMPANIES: Final = (
    ("Café del Monte S.A.", "Tostador y exportador de café", "Naranjo, Alajuela", "24510011"),
    ("Ferretería El Ñato", "Materiales de construcción", "San Pedro, San José", "22240022"),
    ("Panadería La Espiga", "Panadería y repostería", "Cartago centro", "25510033"),
    ("Hotel Bahía Azul", "Hotel de playa", "Sámara, Guanacaste", "26560044"),
    ("Transportes Güicho", "Carga y mudanzas", "Heredia", "22370055"),
    ("Clínica Dental Sonrisa", "Odontología", "Escazú, San José", "22880066"),
    ("Agropecuaria Los Ángeles", "Insumos agrícolas", "Turrialba, Cartago", "25560077"),
    ("Distribuidora Núñez Hnos.", "Abarrotes al por mayor", "Pérez Zeledón", "27710088"),
)

FIRST_NAMES: Final = (
    "Álvaro", "Beatriz", "César", "Daniela", "Efraín", "Fabiola", "Germán", "Hazel", "Inés", "Joaquín", "Karla", "León",
    "Marcela", "Nicolás", "Óscar", "Paola", "Raúl", "Silvia", "Tomás", "Verónica", "Wálter", "Ximena", "Yadira",
)  # fmt: skip
SURNAMES: Final = (
    "Acuña", "Bolaños", "Céspedes", "Durán", "Echeverría", "Fallas", "González", "Hernández", "Ibáñez", "Jara",
    "León", "Méndez", "Núñez", "Ocampo", "Piñeres", "Quirós", "Rodríguez", "Sánchez", "Trejos", "Umaña", "Víquez",
    "Zúñiga",
)  # fmt: skip

DISPOSITIONS: Final = (
    ("Resuelto", DispositionAction.NONE, True),
    ("Venta realizada", DispositionAction.NONE, True),
    ("Cita agendada", DispositionAction.NONE, True),
    ("Volver a llamar", DispositionAction.CALL_BACK, True),
    ("Pasado a especialista", DispositionAction.NONE, True),
    ("Número equivocado", DispositionAction.NONE, True),
    ("No desea llamadas", DispositionAction.DO_NOT_CALL, True),
    ("Promoción 2019", DispositionAction.NONE, False),
)

FIELDS: Final = (
    ("Cédula", FieldKind.TEXT, True, None),
    ("Provincia", FieldKind.LIST, True,
     ["San José", "Alajuela", "Cartago", "Heredia", "Guanacaste", "Puntarenas", "Limón"]),
    ("Cliente desde", FieldKind.DATE, False, None),
    ("Saldo", FieldKind.NUMBER, False, None),
    ("Preferente", FieldKind.YES_NO, True, None),
)  # fmt: skip

LISTS: Final = ("Clientes preferentes", "Campaña de diciembre", "Encuesta de satisfacción")

PRINTERS: Final = (
    ("Navegador", PrinterKind.BROWSER, Letter.MEDIUM, 80, None),
    ("Cocina", PrinterKind.ESCPOS, Letter.LARGE, 80, "192.0.2.50"),
    ("Taller", PrinterKind.ESCPOS, Letter.SMALL, 58, "192.0.2.51"),
)

K: Final = FormFieldKind
FORMS: Final = {
    "Reporte de avería": ("Taller", (
        ("datos", "Datos del servicio", K.HEADING, False, None, None),
        ("servicio", "Número de servicio", K.TEXT, True, None, None),
        ("tipo", "Tipo de avería", K.LIST, True, ["Sin señal", "Lento", "Intermitente", "Equipo dañado"], None),
        ("desde", "¿Desde cuándo?", K.DATE, False, None, None),
        ("visita", "¿Requiere visita?", K.YES_NO, True, None, None),
        ("direccion", "Dirección de la visita", K.LONG_TEXT, False, None, {"field": "visita", "equals": "sí"}),
    )),
    "Pedido": ("Cocina", (
        ("producto", "Productos", K.CHOICES, True,
         ["Tueste claro", "Tueste medio", "Tueste oscuro", "Descafeinado"], None),
        ("cantidad", "Cantidad (kg)", K.NUMBER, True, None, None),
        ("entrega", "Entrega", K.LIST, True, ["Recoge", "A domicilio"], None),
        ("direccion", "Dirección", K.LONG_TEXT, False, None, {"field": "entrega", "equals": "A domicilio"}),
        ("telefono", "Teléfono de contacto", K.PHONE, False, None, None),
    )),
    "Cita": ("Navegador", (
        ("paciente", "Paciente", K.TEXT, True, None, None),
        ("fecha", "Fecha", K.DATE, True, None, None),
        ("hora", "Hora", K.TIME, True, None, None),
        ("motivo", "Motivo", K.LIST, True, ["Limpieza", "Dolor", "Control", "Ortodoncia"], None),
        ("correo", "Correo", K.EMAIL, False, None, None),
    )),
}  # fmt: skip

COMMENTS: Final = (
    "Se reinició el equipo y quedó funcionando.",
    "Pide que le llamen mañana por la mañana.",
    "Quería saber el precio del tueste medio.",
    "Cambió la cita para la próxima semana.",
    "El técnico pasará el jueves.",
    "Muy agradecida con la atención.",
    "Reclama una factura doble; se envió a Contabilidad.",
    "",
    "",
)

PRICE_LIST: Final = (
    "Producto;Presentación;Precio\r\n"
    "Tueste claro;340 g;₡3 200\r\nTueste medio;340 g;₡3 200\r\n"
    "Tueste oscuro;340 g;₡3 400\r\nDescafeinado;340 g;₡3 900\r\n"
)
OPENING_HOURS: Final = (
    "Horario de atención\n\nLunes a viernes: 8:00 a 18:00\nSábados: 9:00 a 13:00\nDomingos: cerrado\n"
)
