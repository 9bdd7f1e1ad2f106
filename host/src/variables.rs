//! `spin:variables`, taken from the environment: the variable `write_token` is `LOADGATE_WRITE_TOKEN`.
//! One can be overruled by the command line: who listens to everybody on purpose answers to any name.

use wasmtime::Result;
use wasmtime::component::{Accessor, HasData, Linker};

#[allow(missing_docs, unreachable_pub)]
mod bindings {
    wasmtime::component::bindgen!({
        inline: "
            package spin:variables@3.0.0;

            interface variables {
                variant error {
                    invalid-name(string),
                    undefined(string),
                    provider(string),
                    other(string),
                }
                get: async func(name: string) -> result<string, error>;
            }

            world imports {
                import variables;
            }
        ",
    });
}

use bindings::spin::variables::variables::{self, Error};

struct FromEnvironment;

impl HasData for FromEnvironment {
    type Data<'a> = View;
}

/// The environment is the process's; this is what the command line adds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct View {
    /// Any name in `Host` will do.
    pub any_host: bool,
}

impl variables::Host for View {}

impl<T> variables::HostWithStore<T> for FromEnvironment {
    async fn get(accessor: &Accessor<T, Self>, name: String) -> Result<String, Error> {
        if name == "hosts" && accessor.with(|mut access| access.get()).any_host {
            return Ok("*".to_owned());
        }
        read(&name, |variable| std::env::var(variable).ok())
    }
}

fn read(name: &str, environment: impl Fn(&str) -> Option<String>) -> Result<String, Error> {
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_') {
        return Err(Error::InvalidName(name.to_owned()));
    }
    let variable = environment_name(name);
    environment(&variable).ok_or(Error::Undefined(variable))
}

/// The environment variable that holds a variable of the application.
pub(crate) fn environment_name(name: &str) -> String {
    format!("LOADGATE_{}", name.to_ascii_uppercase())
}

/// Adds the interface to a linker.
pub(crate) fn add_to_linker<T: Send + 'static>(
    linker: &mut Linker<T>,
    view: fn(&mut T) -> View,
) -> Result<()> {
    variables::add_to_linker::<T, FromEnvironment>(linker, view)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_is_the_environments_in_upper_case_and_never_another() {
        let environment = |variable: &str| match variable {
            "LOADGATE_WRITE_TOKEN" => Some("s3cret".to_owned()),
            "PATH" => Some("/bin".to_owned()),
            _ => None,
        };
        assert_eq!(read("write_token", environment).ok().as_deref(), Some("s3cret"));
        assert!(matches!(read("idle", environment), Err(Error::Undefined(name)) if name == "LOADGATE_IDLE"));
        for wrong in ["", "PATH", "../path", "a=b"] {
            assert!(matches!(read(wrong, environment), Err(Error::InvalidName(_))), "{wrong:?}");
        }
    }
}
